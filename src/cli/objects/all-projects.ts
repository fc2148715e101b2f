/** `--all-projects` of lists: what it asks the server for, and the column that it adds. */
import { flag } from '../command.ts';
import type { Column } from '../output/print-rows.ts';

export const allProjectsOption = flag('--all-projects', 'of all projects');

export const allProjectsQuery = (all: boolean) => (all ? { 'all-projects': 'true' } : {});

export const projectColumn = <T extends { project: string }>(all: boolean): Column<T>[] =>
  all ? [{ header: 'PROJECT', value: ({ project }) => project }] : [];
