import fs from 'node:fs';
import { join } from 'node:path';
import { noise } from '../../damage/small-tree.ts';

const MIB = 2 ** 20;

/** A tree that is made and changed at random, the same for the same seed. */
export class RandomTree {
  readonly root: string;
  #state: number;
  #number = 0;

  constructor(root: string, seed: number) {
    this.root = root;
    this.#state = seed * 2_654_435_761 + 1;
    fs.mkdirSync(root);
    for (let i = 0; i < 4; i++) this.#directory();
    for (let i = 0; i < 140; i++) this.#add();
    for (let i = 0; i < 2; i++) this.#addLarge();
    for (let i = 0; i < 3; i++) this.#link();
  }

  /** Changes something. @returns what, for messages */
  change(): string {
    const changes = [
      this.#add,
      this.#addLarge,
      this.#link,
      this.#directory,
      this.#rewrite,
      this.#grow,
      this.#page,
      this.#touch,
      this.#mode,
      this.#rename,
      this.#remove,
      this.#unlikely,
    ];
    const change = changes[this.below(changes.length)] as () => void;
    change.call(this);
    return change.name;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  #paths(wants: (stat: fs.Stats) => boolean): string[] {
    return (fs.readdirSync(this.root, { recursive: true }) as string[])
      .sort()
      .filter((path) => wants(fs.lstatSync(join(this.root, path))))
      .map((path) => join(this.root, path));
  }

  #pick(wants: (stat: fs.Stats) => boolean): string {
    const paths = this.#paths(wants);
    return paths[this.below(paths.length)] as string;
  }

  #fresh(): string {
    const folders = [this.root, ...this.#paths((stat) => stat.isDirectory())];
    const folder = folders[this.below(folders.length)] as string;
    return join(folder, `${this.below(2 ** 30).toString(36)}-${this.#number++}`);
  }

  #file = (): string => this.#pick((stat) => stat.isFile());
  #large = (): string => this.#pick((stat) => stat.isFile() && stat.size > MIB);

  #directory(): void {
    fs.mkdirSync(this.#fresh());
  }

  #add(): void {
    fs.writeFileSync(this.#fresh(), noise(this.below(50_000), this.below(2 ** 20)));
  }

  #addLarge(): void {
    // More than a block of its own takes, now and then.
    const size = this.below(4) === 0 ? 8 * MIB + this.below(99_999) : MIB + this.below(3 * MIB);
    fs.writeFileSync(this.#fresh(), noise(size, this.below(2 ** 20)));
  }

  #link(): void {
    if (this.below(2) === 0) fs.symlinkSync(`to/${this.below(99)}`, this.#fresh());
    else fs.linkSync(this.#file(), this.#fresh());
  }

  #rewrite(): void {
    fs.writeFileSync(this.#file(), noise(this.below(60_000), this.below(2 ** 20)));
  }

  #grow(): void {
    fs.appendFileSync(this.#large(), noise(1 + this.below(5000), this.below(2 ** 20)));
  }

  /** A page of a file, as a database changes it. */
  #page(): void {
    const file = this.#large();
    const fd = fs.openSync(file, 'r+');
    fs.writeSync(fd, noise(4096, this.below(2 ** 20)), 0, 4096, 4096 * this.below(250));
    fs.closeSync(fd);
  }

  #touch(): void {
    const path = this.#pick(() => true);
    const time = 1_500_000_000 + this.below(2 ** 28) + this.below(1000) / 1000;
    fs.lutimesSync(path, time, time);
  }

  #mode(): void {
    fs.chmodSync(this.#file(), 0o600 + this.below(64));
  }

  #rename(): void {
    fs.renameSync(this.#file(), this.#fresh());
  }

  #remove(): void {
    const path = this.#pick(() => true);
    if (this.#paths((stat) => stat.isFile() && stat.size > MIB).length > 1 && fs.lstatSync(path).isFile())
      fs.rmSync(path);
  }

  /** As many other bytes, and the time that it had. */
  #unlikely(): void {
    const file = this.#file();
    const { size, atimeMs, mtimeMs } = fs.statSync(file);
    fs.writeFileSync(file, noise(size, this.below(2 ** 20)));
    fs.utimesSync(file, atimeMs / 1000, mtimeMs / 1000);
  }
}
