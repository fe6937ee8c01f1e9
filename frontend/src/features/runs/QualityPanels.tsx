import { SimpleGrid } from '@mantine/core'
import type { Run } from '@/lib/api/types'
import { PlainFigurePanel } from './PlainFigurePanel'

/** Two figures, one above the other. */
const MEASURED_ROWS = 24

/** What accuracies after retraining do not tell: how hard each removal hit, and whether confidences can be trusted. */
export function QualityPanels({ run }: { run: Run }) {
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md" verticalSpacing="md">
      {run.recipe?.prune.measure_removals ? <EachRemoval id={run.id} /> : <RemovalsOfPoints id={run.id} />}
      <PlainFigurePanel
        id={run.id}
        name="calibration"
        title="Calibration"
        help="How far confidences are from the accuracy they stand for, on average over 15 bins; 0 is perfect."
        empty="No operating point has been reached yet, or this run is from before it was recorded."
      />
    </SimpleGrid>
  )
}

function EachRemoval({ id }: { id: string }) {
  return (
    <PlainFigurePanel
      id={id}
      name="instability"
      title="Accuracy lost by each removal"
      help="On the validation split. Above: straight before minus straight after each removal. Below: all on the way to a point, with the training between, which wins some back; before retraining."
      rows={MEASURED_ROWS}
      empty="Nothing has been removed yet."
    />
  )
}

function RemovalsOfPoints({ id }: { id: string }) {
  return (
    <PlainFigurePanel
      id={id}
      name="instability"
      title="Accuracy lost by the removals of each point"
      help="On the validation split, before the first minus straight after the last removal on the way to a point, with the training between; retraining makes up for it. The recipe's measure_removals tells each removal."
      empty="Nothing has been removed yet, or this run is from before it was recorded."
    />
  )
}
