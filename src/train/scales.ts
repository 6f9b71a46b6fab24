/** Scale index i stands for σ = softplus(SCALE_START + SCALE_STEP · i) + SCALE_FLOOR. */
export const SCALE_START = -3.2;
export const SCALE_STEP = 0.2;
export const SCALE_FLOOR = 0.05;
