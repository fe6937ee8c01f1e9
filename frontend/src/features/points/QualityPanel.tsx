import { Table, Text } from '@mantine/core'
import { Panel } from '@/components/Panel'
import type { PointEntry } from '@/lib/api/types'
import { formatLost, formatPercent } from '@/lib/format'

type Point = PointEntry['point']

const MEASURES: { name: string; of: (point: Point) => number | null | undefined }[] = [
  { name: 'Test accuracy', of: (point) => point.test_accuracy },
  { name: 'Validation accuracy', of: (point) => point.retrained_accuracy },
  { name: 'Calibration error, test', of: (point) => point.test_calibration_error },
  { name: 'Calibration error, validation', of: (point) => point.retrained_calibration_error },
]

/** How good the network is, beside the dense one: accuracy, calibration, and the classes that lost most. */
export function QualityPanel({ entry, dense }: { entry: PointEntry; dense: PointEntry | undefined }) {
  return (
    <Panel
      title="Quality"
      help="Calibration error: how far confidences are from the accuracy they stand for, on average over 15 bins."
      testId="quality"
    >
      <Table className="numbers" horizontalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th />
            <Table.Th ta="right">Dense</Table.Th>
            <Table.Th ta="right">This network</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {MEASURES.map(({ name, of }) => (
            <Table.Tr key={name}>
              <Table.Th fw={500} style={{ whiteSpace: 'normal' }}>{name}</Table.Th>
              <Table.Td ta="right">{dense ? formatPercent(of(dense.point), 2) : formatPercent(null)}</Table.Td>
              <Table.Td ta="right" fw={600}>{formatPercent(of(entry.point), 2)}</Table.Td>
            </Table.Tr>
          ))}
          {entry.worst_classes.map(({ label, dense_accuracy, accuracy }) => (
            <Table.Tr key={label}>
              <Table.Th fw={500} style={{ whiteSpace: 'normal' }}>Class {label}, test accuracy</Table.Th>
              <Table.Td ta="right">{formatPercent(dense_accuracy, 2)}</Table.Td>
              <Table.Td ta="right" fw={600}>{formatPercent(accuracy, 2)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Removal entry={entry} />
    </Panel>
  )
}

function Removal({ entry }: { entry: PointEntry }) {
  const { before_accuracy: before, pruned_accuracy: after, index } = entry.point
  if (index === 0 || before == null) return null
  const lost = entry.relative_instability
  return (
    <Text size="sm" c="dimmed" mt="sm">
      The removals of this point took validation accuracy from {formatPercent(before, 2)} to {formatPercent(after, 2)}
      {lost !== null && `, which is ${formatLost(lost)}`}, before retraining.
      {entry.removals_notice && ` ${entry.removals_notice}`}
      {entry.worst_classes.length > 0 && ' The classes shown lost most against the dense network.'}
    </Text>
  )
}
