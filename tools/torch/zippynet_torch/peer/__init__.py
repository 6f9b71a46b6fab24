"""A learned peer to be measured against: CompressAI's mean-scale hyperprior, on the same pictures as ours."""
