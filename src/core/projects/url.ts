/** Paths of the API that belong to a project. */

/** `path` with `?project=P`, as clients expect it of everything outside the default project. */
export function inProject(path: string, project: string): string {
  if (project === 'default') return path;
  return `${path}${path.includes('?') ? '&' : '?'}project=${encodeURIComponent(project)}`;
}
