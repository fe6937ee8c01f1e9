import { Anchor, Badge, Group, Table, Text } from '@mantine/core'
import { Link } from 'react-router'
import { Breakable } from '@/components/Breakable'
import { WithZeros } from '@/components/WithZeros'
import type { Series, Spread } from '@/lib/api/types'
import { formatPercent } from '@/lib/format'
import { paths } from '@/lib/paths'

/** Every method at the last point it has reached; a size stands beside the accuracy on every screen. */
export function SeriesTable({ series }: { series: Series[] }) {
  return (
    <Table data-testid="series" horizontalSpacing="xs">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Method</Table.Th>
          <Table.Th ta="right" visibleFrom="sm">Dense, test</Table.Th>
          <Table.Th ta="right">Test accuracy</Table.Th>
          <Table.Th ta="right">MACs kept</Table.Th>
          <Table.Th ta="right" visibleFrom="md">Parameters kept</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {series.map((one) => (
          <Table.Tr key={one.label}>
            <Table.Td>
              <Method series={one} />
            </Table.Td>
            <Table.Td ta="right" visibleFrom="sm"><Range spread={one.dense_test_accuracy} /></Table.Td>
            <Table.Td ta="right"><Range spread={one.test_accuracy} /></Table.Td>
            <Table.Td ta="right">
              <Range spread={one.macs_density} digits={1} />
              <WithZeros density={one.file_macs_density?.mean} />
              <NarrowParameters density={one.parameters_density?.mean} />
            </Table.Td>
            <Table.Td ta="right" visibleFrom="md"><Range spread={one.parameters_density} digits={1} /></Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

/** The name, and its runs by seed. */
function Method({ series }: { series: Series }) {
  return (
    <>
      <Group gap="xs">
        <Text fw={500} style={{ overflowWrap: 'break-word' }}><Breakable text={series.label} /></Text>
        {series.is_baseline && <Badge variant="light" color="gray" size="sm">baseline</Badge>}
      </Group>
      <Group gap={8}>
        {series.runs.map((run) => (
          <Anchor key={run.id} component={Link} to={paths.run(run.id)} size="xs" title={run.name}>
            seed {run.seed}
          </Anchor>
        ))}
      </Group>
    </>
  )
}

/** Parameters kept, on a screen that has no room for their column. */
function NarrowParameters({ density }: { density: number | undefined }) {
  if (density === undefined) return null
  return (
    <Text className="numbers" size="xs" c="dimmed" hiddenFrom="md" data-testid="narrow-parameters">
      {formatPercent(density)} of parameters
    </Text>
  )
}

/** A mean, with the range below it where there is one. */
function Range({ spread, digits = 2 }: { spread: Spread | null; digits?: number }) {
  if (!spread) return <Text c="dimmed">none yet</Text>
  return (
    <>
      <Text className="numbers" fw={500}>{formatPercent(spread.mean, digits)}</Text>
      {formatPercent(spread.lowest, digits) !== formatPercent(spread.highest, digits) && (
        <Text className="numbers" size="xs" c="dimmed">
          {formatPercent(spread.lowest, digits)} to {formatPercent(spread.highest, digits)}
        </Text>
      )}
    </>
  )
}
