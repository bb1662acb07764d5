// Where a snapshot or a folder of them is, as users write it: a path, or the URL of object storage.

/** Whether a location is in object storage (`s3://…`), and no path. A local path of that form is written `./s3://…`. */
export function isRemote(location: string): boolean {
  return /^s3:\/\//i.test(location);
}

/** Whether the location of something remote names one snapshot, going by its extension, and not a folder of them. */
export function isRemoteSnapshot(location: string): boolean {
  const [path = ''] = location.split('?');
  return isRemote(location) && /\.(?:tar\.gz|tgz)$/.test(path);
}

/** The location of the folder that a remote snapshot is in. */
export function remoteFolderOf(location: string): string {
  const query = location.indexOf('?');
  const path = query < 0 ? location : location.slice(0, query);
  return path.slice(0, path.lastIndexOf('/')) + (query < 0 ? '' : location.slice(query));
}
