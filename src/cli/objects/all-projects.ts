/** `--all-projects` of lists: what it asks the server for. */
import { flag } from '../command.ts';

export const allProjectsOption = flag('--all-projects', 'of all projects');

export const allProjectsQuery = (all: boolean) => (all ? { 'all-projects': 'true' } : {});
