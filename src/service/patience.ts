/**
 * Milliseconds that an AWS service may take to accept a connection, and to say something on it; without them the SDK waits for ever.
 * Three attempts stay within the 20 s of the decode function.
 */
export const PATIENCE = { connectionTimeout: 2000, socketTimeout: 6000 };
