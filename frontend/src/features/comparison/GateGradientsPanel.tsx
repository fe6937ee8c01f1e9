import { Figure } from '@/components/figure/Figure'
import { Panel } from '@/components/Panel'
import type { Comparison } from '@/lib/api/types'

const HEIGHT = 340

/** How noisy the methods' estimators are; nothing where no run trains gates by an estimator. */
export function GateGradientsPanel({ figure }: { figure: Comparison['gate_gradients'] }) {
  if (figure.data.length === 0) return null
  return (
    <Panel
      title="Estimator variance"
      testId="gate-gradients"
      help="How much the gradient by the gates' logits differs from one mini-batch to the next, summed over all gates: compare networks with as many gates, and batches of one size. Mean and range of the seeds. Hard-concrete gates lie between 0 and 1 and follow another, smoother loss: less variance is no better gradient of gates that are open or closed."
    >
      <Figure figure={figure} name="gate-gradients" label="Variance of the gradient by the gates' logits, by method and mini-batch" height={HEIGHT} />
    </Panel>
  )
}
