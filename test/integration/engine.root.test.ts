/** The container engine keeps the port's laws. */
import { engineSuite } from '../contract/engine.suite.ts';
import { lacking, openCrunLab } from './engine-lab.ts';

engineSuite('crun', openCrunLab, { skip: lacking() });
