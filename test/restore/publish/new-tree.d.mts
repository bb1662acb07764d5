export const NEW_TOP: { mode: number; mtimeNs: bigint };
export function fillNew(root: string): void;
export function fillOld(root: string): void;
