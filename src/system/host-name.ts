import { hostname } from 'node:os';
import { askSystem } from './ask-system.ts';
import { HERE, type Platform } from './platform.ts';

const known = new Map<Platform, string>();

/**
 * The name of this machine, one that stays: on macOS the host name follows the network, and the name under which it is shared
 * (`scutil --get LocalHostName`) does not. Elsewhere the host name.
 */
export function stableHostName(platform: Platform = HERE): string {
  const name = known.get(platform) ?? askForName(platform);
  known.set(platform, name);
  return name;
}

function askForName({ hasLocalHostName }: Platform): string {
  const local = hasLocalHostName ? askSystem('scutil', ['--get', 'LocalHostName']) : null;
  return (local?.status === 0 && local.stdout.trim()) || hostname();
}
