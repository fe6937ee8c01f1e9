import type { Run } from '@/lib/api/types'
import { PlainFigurePanel } from './PlainFigurePanel'
import { tellLoss } from './told'

/** Loss and accuracy on the training batches, with a word on what the loss is of. */
export function LossPanel({ run }: { run: Run }) {
  return <PlainFigurePanel id={run.id} name="loss" title="Loss and accuracy while training" help={tellLoss(run)} />
}
