import { release } from 'node:os';

/** What differs between the systems that this runs on. The one place that asks which it is; a value, so that tests pass another one. */
export interface Platform {
  readonly os: NodeJS.Platform;
  /** Longest path that a system call takes, in bytes without the closing NUL. */
  readonly maxPathBytes: number;
  /** A short path to a directory that is open; its user checks whether it leads there. Null where there is none. */
  readonly directoryByDescriptor: ((descriptor: number, dev: bigint, ino: bigint) => string) | null;
  /** Whether `/proc` shows what processes have open. It may be hidden all the same. */
  readonly hasProc: boolean;
  /** For people: what there is here that distinguishes every name. */
  readonly distinguishesNames: string;
  /** Whether a directory can be synced. Windows has no such call and needs none. */
  readonly syncsDirectories: boolean;
  /**
   * Whether one call (`sync -f` of coreutils: syncfs) makes a whole file system durable, and reports what could not be written. Linux
   * reports it from 5.8 on.
   */
  readonly syncsFileSystems: boolean;
  /** Whether `touch` may be the one of coreutils, which sets nanoseconds. One that is not degrades to what Node sets. */
  readonly touchSetsNanoseconds: boolean;
  /** What shows processes, their open files and locks, of mounts and of the boot: /proc; or ps(1), lsof(8), mount(8) and sysctl(8). */
  readonly processesFrom: 'proc' | 'commands';
  /** Whether process numbers mean something within a namespace only (containers). */
  readonly hasPidNamespaces: boolean;
  /** What sysctl(8) calls the number of a boot, the first that it knows counts. */
  readonly bootNames: readonly string[];
  /** Whether the host name follows the network, and `scutil` knows one that stays. */
  readonly hasLocalHostName: boolean;
  /** Flag of open(2) that takes a shared flock(2); 0 where it takes none, and flock(1) does. */
  readonly sharedLockFlag: number;
  /** Command that makes an immutable file one that can be removed. */
  readonly unlockCommand: string;
  /** Whether services are launchd's, and not systemd's. */
  readonly hasLaunchd: boolean;
  /** Whether programs need a permission of their own for some folders (TCC of macOS); without it the system says EPERM, to their owner and to root. */
  readonly guardsFolders: boolean;
}

const LINUX_PATH_MAX = 4096;
const DISTINGUISHES_NAMES: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'a file system that distinguishes them (ext4, xfs, btrfs)',
  darwin: 'a volume of the format "APFS (Case-sensitive)", such as a disk image',
};
/** macOS and the BSDs. */
const BSD_PATH_MAX = 1024;
const LOCKS_ON_OPEN: ReadonlySet<NodeJS.Platform> = new Set(['darwin', 'freebsd', 'netbsd', 'openbsd']);
const O_SHLOCK = 0x10;
/** With the `\\?\` that Node puts before a long path. */
const WINDOWS_PATH_MAX = 32_767;

/**
 * @param os as `process.platform` has it
 * @param kernel its version, as `os.release()` has it
 */
export function describePlatform(os: NodeJS.Platform, kernel: string): Platform {
  const isLinux = os === 'linux' || os === 'android';
  const isWindows = os === 'win32';
  return {
    os,
    maxPathBytes: (isLinux ? LINUX_PATH_MAX : isWindows ? WINDOWS_PATH_MAX : BSD_PATH_MAX) - 1,
    directoryByDescriptor: isLinux ? byProc : os === 'darwin' ? byVolume : null,
    hasProc: isLinux,
    distinguishesNames: DISTINGUISHES_NAMES[os] ?? 'a file system that distinguishes them',
    syncsDirectories: !isWindows,
    syncsFileSystems: isLinux && isAtLeast(kernel, 5, 8),
    touchSetsNanoseconds: isLinux,
    processesFrom: isLinux ? 'proc' : 'commands',
    hasPidNamespaces: isLinux,
    // As macOS and as FreeBSD call it.
    bootNames: isLinux ? [] : ['kern.bootsessionuuid', 'kern.boot_id'],
    hasLocalHostName: os === 'darwin',
    sharedLockFlag: LOCKS_ON_OPEN.has(os) ? O_SHLOCK : 0,
    unlockCommand: isLinux ? 'chattr -i -a' : 'chflags nouchg,nouappnd',
    hasLaunchd: os === 'darwin',
    guardsFolders: os === 'darwin',
  };
}

function byProc(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`;
}

/** The volume file system of macOS: a file by the numbers of its volume and its own. */
function byVolume(_descriptor: number, dev: bigint, ino: bigint): string {
  return `/.vol/${dev}/${ino}`;
}

function isAtLeast(kernel: string, wantedMajor: number, wantedMinor: number): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map((part) => Number.parseInt(part, 10));
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** The system that this process runs on. */
export const HERE: Platform = describePlatform(process.platform, release());
