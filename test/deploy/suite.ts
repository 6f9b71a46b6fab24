/**
 * `npm run test:deploy`: deploys serverless.yml with osls into ministack, an emulator of AWS, and tests what came of
 * it: the stack, its roles and triggers, functions out of their packages. The parts run one after the other, on one
 * deployment.
 */
import "./packages.ts";
import "./pictures.ts";
import "./events.ts";
import "./failures.ts";
import "./backfill.ts";
import "./batch.ts";
import "./rollback.ts";
import "./remove.ts";
