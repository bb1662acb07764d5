import { serve } from '../workers/serve.ts';
import { doReadJob } from './read-jobs.ts';

serve('read the snapshot', doReadJob);
