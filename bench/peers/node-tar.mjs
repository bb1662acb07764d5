// node-tar as its own documentation shows it, in a process of its own: node node-tar.mjs STATE_DIR OUTPUT
import { create } from 'tar';

const [, , stateDir, output] = process.argv;
await create({ gzip: true, file: output, cwd: stateDir }, ['.']);
