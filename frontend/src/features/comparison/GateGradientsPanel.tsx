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
      help="How much the gradient by the gates' logits differs between the mini-batches of a step, by the draws of gates and of examples; summed over all gates. Mean and range of the seeds. Hard-concrete gates buy their low variance with some bias; the other estimators have none."
    >
      <Figure figure={figure} name="gate-gradients" label="Variance of the gradient by the gates' logits, by method and step" height={HEIGHT} />
    </Panel>
  )
}
