import { ActionIcon, Badge, Button, Group, Table, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { Link } from 'react-router'
import { Panel } from '@/components/Panel'
import { PointNotices } from '@/components/PointNotices'
import { Query } from '@/components/Query'
import type { PointEntry } from '@/lib/api/types'
import { formatCompact, formatPercent } from '@/lib/format'
import { paths } from '@/lib/paths'
import { usePoints } from '@/lib/queries/usePoints'
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
        {(points) => (
          <>
            <PointTable id={id} points={points} />
            <PointNotices entry={summarize(points)} />
          </>
        )}
      </Query>
    </Panel>
  )
}

/** The last network speaks for the run, but one that only guesses is told of wherever it stands. */
function summarize(points: PointEntry[]) {
  const last = points.at(-1)
  const fallen = points.find((entry) => entry.collapse_notice)
  return last && { ...last, collapse_notice: fallen?.collapse_notice ?? null }
}

function PointTable({ id, points }: { id: string; points: PointEntry[] }) {
  const [selected, select] = useSelectedPoint()
  return (
    <Table.ScrollContainer minWidth={0}>
      <Table data-testid="points" className="numbers" horizontalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Point</Table.Th>
            <Table.Th ta="right" visibleFrom="lg">
              {points.some((entry) => entry.point.zeros) ? 'Weights removed' : 'Channels removed'}
            </Table.Th>
            <Table.Th ta="right">MACs</Table.Th>
            <Table.Th ta="right" visibleFrom="sm">Parameters</Table.Th>
            <Table.Th ta="right" visibleFrom="md">Dense</Table.Th>
            <Table.Th ta="right" visibleFrom="md">After pruning</Table.Th>
            <Table.Th ta="right" visibleFrom="md">After retraining</Table.Th>
            <Table.Th ta="right">Test</Table.Th>
            <Table.Th ta="right">
              <Text span inherit visibleFrom="sm">Download</Text>
            </Table.Th>
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
      <Table.Td ta="right" visibleFrom="lg">{formatPercent(point.sparsity)}</Table.Td>
      <SizeCell count={point.macs} density={entry.macs_density} />
      <SizeCell count={point.parameters} density={entry.parameters_density} visibleFrom="sm" />
      {[point.dense_accuracy, point.pruned_accuracy, point.retrained_accuracy].map((accuracy, position) => (
        <Table.Td key={position} ta="right" visibleFrom="md">{formatPercent(accuracy, 2)}</Table.Td>
      ))}
      <Table.Td ta="right" fw={600} data-testid="point-test-accuracy">
        {formatPercent(point.test_accuracy, 2)}
      </Table.Td>
      <Table.Td>
        <DownloadLink run={id} index={point.index} />
      </Table.Td>
    </Table.Tr>
  )
}

function DownloadLink({ run, index }: { run: string; index: number }) {
  const target = { component: Link, to: paths.point(run, index), 'aria-label': `Downloads of point ${index}` }
  return (
    <Group justify="flex-end">
      <Button {...target} size="xs" variant="default" leftSection={<IconDownload size={14} />} visibleFrom="sm">
        Download
      </Button>
      <ActionIcon {...target} size={34} variant="default" hiddenFrom="sm">
        <IconDownload size={16} />
      </ActionIcon>
    </Group>
  )
}

function SizeCell({ count, density, visibleFrom }: { count: number; density: number; visibleFrom?: 'sm' }) {
  return (
    <Table.Td ta="right" {...(visibleFrom && { visibleFrom })}>
      {formatCompact(count)}
      <Text size="xs" c="dimmed">
        {formatPercent(density)}
      </Text>
    </Table.Td>
  )
}
