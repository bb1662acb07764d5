/** Its names are numbers, and nothing can be put there. */
const NO_PLACE = '/dev/fd';

/**
 * Leaves a working directory that was deleted: Node starts no thread in one. A path that depends on it stays an error, for there is
 * nothing else that it could mean.
 */
export function leaveLostDirectory(): void {
  try {
    process.cwd();
  } catch (error) {
    try {
      process.chdir(NO_PLACE);
    } catch {
      // Then the first thread says why it cannot start.
      return;
    }
    process.cwd = () => {
      throw error;
    };
  }
}
