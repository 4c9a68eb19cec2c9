import { spawnSync } from "node:child_process"

/** Fails before the first test where Redis is not installed. */
export default (): void => {
  if (spawnSync("redis-server", ["--version"]).error !== undefined) {
    throw new Error("These tests need Redis: apt-get update && apt-get install -y redis-server")
  }
}
