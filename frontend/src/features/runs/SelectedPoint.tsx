import { Alert, Anchor, Group, Text } from '@mantine/core'
import { Link } from 'react-router'
import { PointNotices } from '@/components/PointNotices'
import { formatCount, formatPercent } from '@/lib/format'
import { paths } from '@/lib/paths'
import { usePoints } from '@/lib/queries/usePoints'
import { PointDownloads } from './PointDownloads'

interface Props {
  id: string
  index: number
  onClose: () => void
}

/** The operating point that was clicked in the chart, with its files. */
export function SelectedPoint({ id, index, onClose }: Props) {
  const entry = usePoints(id).data?.find((candidate) => candidate.point.index === index)
  if (!entry) return null
  const { point } = entry
  return (
    <Alert
      mt="md"
      variant="light"
      title={`Operating point ${point.index}`}
      withCloseButton
      onClose={onClose}
      closeButtonLabel="Clear the selection"
      data-testid="selected-point"
    >
      <Group justify="space-between" gap="sm">
        <Text size="sm" className="numbers">
          {formatPercent(point.test_accuracy, 2)} test accuracy with {formatPercent(entry.macs_density)} of the MACs and{' '}
          {formatCount(point.parameters)} parameters{entry.notice ? ' that are not zero' : ''}.{' '}
          <Anchor component={Link} to={paths.point(id, index)} inherit>
            {entry.keeps_shapes ? 'All formats' : 'All formats and latency'}
          </Anchor>
        </Text>
        <PointDownloads run={id} entry={entry} />
      </Group>
      <PointNotices entry={entry} />
    </Alert>
  )
}
