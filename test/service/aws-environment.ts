/** What the SDK wants to know before it talks to servers of this machine, which check no signature. */
export const AWS_ENVIRONMENT = {
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "a",
  AWS_SECRET_ACCESS_KEY: "b",
} as const;

/** And tries nothing twice, so that each fault of a test shows. */
export const ONE_ATTEMPT = { ...AWS_ENVIRONMENT, AWS_MAX_ATTEMPTS: "1" } as const;
