import { Anchor, Checkbox, Progress, Table, Text } from '@mantine/core'
import { Link } from 'react-router'
import { StateBadge } from '@/components/StateBadge'
import { WithZeros } from '@/components/WithZeros'
import type { RunSummary } from '@/lib/api/types'
import { formatMoment, formatPercent } from '@/lib/format'
import { paths } from '@/lib/paths'

interface Props {
  runs: RunSummary[]
  /** Ids of the runs that are ticked for a comparison. */
  picked: string[]
  onPick: (id: string) => void
}

export function RunTable({ runs, picked, onPick }: Props) {
  return (
    <Table highlightOnHover horizontalSpacing="xs" data-testid="runs">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w={36} aria-label="Compare" />
          <Table.Th>Run</Table.Th>
          <Table.Th>State</Table.Th>
          <Table.Th visibleFrom="sm">Progress</Table.Th>
          <Table.Th ta="right" visibleFrom="md">
            Test accuracy
          </Table.Th>
          <Table.Th ta="right" visibleFrom="md">
            MACs kept
          </Table.Th>
          <Table.Th visibleFrom="lg">Started</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {runs.map((run) => (
          <RunRow key={run.id} run={run} isPicked={picked.includes(run.id)} onPick={() => onPick(run.id)} />
        ))}
      </Table.Tbody>
    </Table>
  )
}

interface RowProps {
  run: RunSummary
  isPicked: boolean
  onPick: () => void
}

function RunRow({ run, isPicked, onPick }: RowProps) {
  const result = resultOf(run)
  return (
    <Table.Tr data-testid="run-row">
      <Table.Td>
        {run.kind === 'prune' && run.started_at && (
          <Checkbox size="xs" checked={isPicked} onChange={onPick} aria-label={`Compare ${run.name}`} />
        )}
      </Table.Td>
      <Table.Td>
        <Anchor component={Link} to={paths.run(run.id)} fw={500} style={{ overflowWrap: 'anywhere' }}>
          {run.name}
        </Anchor>
        <Text size="xs" c="dimmed">
          {describe(run)}
        </Text>
        {result && <NarrowResult result={result} />}
      </Table.Td>
      <Table.Td>
        <StateBadge state={run.state} />
      </Table.Td>
      <Table.Td visibleFrom="sm" miw={120}>
        <Progress value={run.progress * 100} size="sm" aria-label={`Progress of ${run.name}`} />
        <Text size="xs" c="dimmed" className="numbers">
          {formatPercent(run.progress, 0)}
        </Text>
      </Table.Td>
      <Table.Td ta="right" className="numbers" visibleFrom="md">
        {formatPercent(result?.test_accuracy, 2)}
      </Table.Td>
      <Table.Td ta="right" className="numbers" visibleFrom="md">
        {formatPercent(result?.macs_density)}
        <WithZeros density={result?.file_macs_density} />
      </Table.Td>
      <Table.Td visibleFrom="lg">{formatMoment(run.started_at ?? run.created_at)}</Table.Td>
    </Table.Tr>
  )
}

/** Test accuracy and MACs kept, on a screen that has no room for their columns. */
function NarrowResult({ result }: { result: NonNullable<RunSummary['result']> }) {
  return (
    <Text component="div" size="xs" className="numbers" hiddenFrom="md" data-testid="narrow-result">
      {formatPercent(result.test_accuracy, 2)} test accuracy, {formatPercent(result.macs_density)} of MACs
      <WithZeros density={result.file_macs_density} />
    </Text>
  )
}

/** Until something was pruned, the last point is the dense network that the run began with: no outcome of its own. */
function resultOf(run: RunSummary): RunSummary['result'] {
  return run.kind === 'prune' && run.result?.index === 0 ? null : run.result
}

/** The network, the data, and the seed: runs that differ in it alone have the same name. */
function describe({ kind, model_name, dataset_title, seed }: RunSummary): string {
  const source = kind === 'sample' ? 'sample training' : model_name
  return [source, dataset_title, seed === null ? null : `seed ${seed}`].filter(Boolean).join(' · ')
}
