/**
 * A name, or a path, as a file system takes it that distinguishes neither upper from lower case nor composed from decomposed characters (APFS,
 * HFS+, NTFS): two that fold to the same may be one there.
 */
export function foldName(name: string): string {
  // Normalised after the change of case, which can compose and decompose characters itself. To upper case first: `ß` meets `ss`, `ſ` meets `s`.
  return name.normalize('NFD').toUpperCase().toLowerCase().normalize('NFD');
}
