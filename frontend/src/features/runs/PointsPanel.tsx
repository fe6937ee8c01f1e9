import { Badge, Button, Group, Table, Text } from '@mantine/core'
import { Panel } from '@/components/Panel'
import { Query } from '@/components/Query'
import type { PointEntry } from '@/lib/api/types'
import { formatCompact, formatPercent } from '@/lib/format'
import { usePoints } from '@/lib/queries/usePoints'
import { PointDownloads } from './PointDownloads'
import { useSelectedPoint } from './useSelectedPoint'

/** Every operating point with its three validation accuracies, its test accuracy, its size and its files. */
export function PointsPanel({ id }: { id: string }) {
  return (
    <Panel title="Operating points" help="Each is a network of its own, with three validation accuracies. The test split is read once for each of them.">
      <Query
        query={usePoints(id)}
        isEmpty={(points) => points.length === 0}
        empty={<Text c="dimmed" size="sm">None yet.</Text>}
      >
        {(points) => <PointTable id={id} points={points} />}
      </Query>
    </Panel>
  )
}

function PointTable({ id, points }: { id: string; points: PointEntry[] }) {
  const [selected, select] = useSelectedPoint()
  return (
    <Table.ScrollContainer minWidth={860}>
      <Table data-testid="points" className="numbers">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Point</Table.Th>
            <Table.Th ta="right">Channels removed</Table.Th>
            <Table.Th ta="right">MACs</Table.Th>
            <Table.Th ta="right">Parameters</Table.Th>
            <Table.Th ta="right">Dense</Table.Th>
            <Table.Th ta="right">After pruning</Table.Th>
            <Table.Th ta="right">After retraining</Table.Th>
            <Table.Th ta="right">Test</Table.Th>
            <Table.Th ta="right">Download</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {points.map((entry) => (
            <PointRow
              key={entry.point.index}
              id={id}
              entry={entry}
              isSelected={entry.point.index === selected}
              onSelect={select}
            />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

interface RowProps {
  id: string
  entry: PointEntry
  isSelected: boolean
  onSelect: (index: number) => void
}

function PointRow({ id, entry, isSelected, onSelect }: RowProps) {
  const { point } = entry
  return (
    <Table.Tr
      data-testid="point-row"
      aria-selected={isSelected}
      {...(isSelected ? { bg: 'var(--mantine-primary-color-light)' } : {})}
    >
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          <Button
            size="compact-sm"
            variant="subtle"
            onClick={() => onSelect(point.index)}
            aria-label={`Show point ${point.index}`}
          >
            {point.index}
          </Button>
          {point.index === 0 && <Badge variant="default" tt="none">dense</Badge>}
          {point.is_target && <Badge variant="light" tt="none">target</Badge>}
        </Group>
      </Table.Td>
      <Table.Td ta="right">{formatPercent(point.sparsity)}</Table.Td>
      <SizeCell count={point.macs} density={entry.macs_density} />
      <SizeCell count={point.parameters} density={entry.parameters_density} />
      <Table.Td ta="right">{formatPercent(point.dense_accuracy, 2)}</Table.Td>
      <Table.Td ta="right">{formatPercent(point.pruned_accuracy, 2)}</Table.Td>
      <Table.Td ta="right">{formatPercent(point.retrained_accuracy, 2)}</Table.Td>
      <Table.Td ta="right" fw={600} data-testid="point-test-accuracy">
        {formatPercent(point.test_accuracy, 2)}
      </Table.Td>
      <Table.Td>
        <PointDownloads run={id} entry={entry} />
      </Table.Td>
    </Table.Tr>
  )
}

function SizeCell({ count, density }: { count: number; density: number }) {
  return (
    <Table.Td ta="right">
      {formatCompact(count)}
      <Text size="xs" c="dimmed">
        {formatPercent(density)}
      </Text>
    </Table.Td>
  )
}
