/**
 * `npm run test:nodes [version…] [filter…]`: the suite under each Node that this package promises to run on, or under those
 * named. npm fetches them; nothing is left installed.
 */
import { spawn } from 'node:child_process';

const PROMISED = ['20', '22', '24', '26'];
const CLOSING_LINE = /^(\d+) passed, (\d+) failed, (\d+) skipped$/m;

const named = process.argv.slice(2).filter((word) => /^\d/.test(word));
const filters = process.argv.slice(2).filter((word) => !/^\d/.test(word));
const versions = named.length > 0 ? named : PROMISED;

const results: string[] = [];
for (const version of versions) {
  console.log(`\n== Node ${version}`);
  const { status, output } = await suiteUnder(version);
  const counts = CLOSING_LINE.exec(output)?.[0] ?? 'did not come to its end';
  results.push(`${status === 0 ? '✓' : '✗'} Node ${version}: ${counts}`);
  if (status !== 0) process.exitCode = 1;
}
console.log(`\n${results.join('\n')}`);

function suiteUnder(version: string): Promise<{ status: number | null; output: string }> {
  const suite = ['node', 'node_modules/vitest/vitest.mjs', 'run', ...filters];
  // By way of `node`, not of `vitest`: its first line would find the Node that npm runs on.
  const child = spawn('npm', ['exec', '--yes', `--package=node@${version}`, '--', ...suite], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    process.stdout.write(text);
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output }));
  });
}
