import { SimpleGrid } from '@mantine/core'
import { PlainFigurePanel } from './PlainFigurePanel'

/** What accuracies after retraining do not tell: how hard each removal hit, and whether confidences can be trusted. */
export function QualityPanels({ id }: { id: string }) {
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="md" verticalSpacing="md">
      <PlainFigurePanel
        id={id}
        name="instability"
        title="Accuracy lost by each removal"
        help="On the validation split, straight before minus straight after the removals of a point; retraining makes up for it."
        empty="Nothing has been removed yet, or this run is from before it was recorded."
      />
      <PlainFigurePanel
        id={id}
        name="calibration"
        title="Calibration"
        help="How far confidences are from the accuracy they stand for, on average over 15 bins; 0 is perfect."
        empty="No operating point has been reached yet, or this run is from before it was recorded."
      />
    </SimpleGrid>
  )
}
