import { Table, Text } from '@mantine/core'
import type { ImportReport, Model, NetworkSummary } from '@/lib/api/types'
import { LayerRow } from './LayerRow'
import classes from './LayerTable.module.css'
import { isWanted, type LayerView } from './useLayerView'

interface Props {
  summary: NetworkSummary
  report: ImportReport
  shares: Model['shares']
  view: LayerView
}

/** Every layer with its size, what can go of it, and what goes with it or holds it. */
export function LayerTable({ summary, report, shares, view }: Props) {
  const largest = Math.max(...shares.map((share) => share.macs), Number.MIN_VALUE)
  const rows = summary.layers.flatMap((layer, index) => {
    const [verdict, share] = [report.layers[index], shares[index]]
    return verdict && share && isWanted(verdict, view) ? [{ layer, verdict, share }] : []
  })
  if (rows.length === 0) {
    return (
      <Text c="dimmed" size="sm" py="xl" ta="center" data-testid="no-layer">
        No layer fits. Change the filter or the words above.
      </Text>
    )
  }
  return (
    <div className={classes.frame} tabIndex={0} role="region" aria-label="Layers">
      <Table data-testid="layers" className="numbers" stickyHeader highlightOnHover>
        <Table.Thead className={classes.head}>
          <Table.Tr>
            <Table.Th>Layer</Table.Th>
            <Table.Th ta="right" visibleFrom="md">
              Width
            </Table.Th>
            <Table.Th ta="right" visibleFrom="lg">
              Parameters
            </Table.Th>
            <Table.Th visibleFrom="sm">Share of the MACs</Table.Th>
            <Table.Th ta="right" visibleFrom="sm">
              Can go
            </Table.Th>
            <Table.Th visibleFrom="sm">Status</Table.Th>
            <Table.Th ta="right">Keep</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <LayerRow key={row.layer.name} {...row} largest={largest} view={view} />
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}
