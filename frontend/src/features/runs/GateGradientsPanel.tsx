import { Figure } from '@/components/figure/Figure'
import { Panel } from '@/components/Panel'
import { Query } from '@/components/Query'
import type { Run } from '@/lib/api/types'
import { useRunFigure } from '@/lib/queries/useRunFigure'

const HEIGHT = 300

/** How noisy the gradients of each layer's gates are while they learn; absent where no estimator is at work. */
export function GateGradientsPanel({ run }: { run: Run }) {
  const figure = useRunFigure(run.id, 'gate-gradients')
  if (!figure.data?.data.length) return null
  return (
    <Panel
      title="Estimator variance"
      help="How much the gradient by the logits of a layer's gates differs between the mini-batches of a step: by the draws of gates, by the examples, and by what is learned meanwhile. Summed over the gates."
      testId="gate-gradients"
    >
      <Query query={figure} height={HEIGHT}>
        {(drawn) => <Figure figure={drawn} name="gate-gradients" label="Variance of the gradient by the gates' logits, by step" height={HEIGHT} />}
      </Query>
    </Panel>
  )
}
