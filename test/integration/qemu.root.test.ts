/** The engine of virtual machines keeps the port's laws. */
import { engineSuite } from '../contract/engine.suite.ts';
import { lacking, openQemuLab } from './qemu-lab.ts';

engineSuite('qemu', openQemuLab, { skip: lacking() });
