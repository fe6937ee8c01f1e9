import { Badge, Table, Text } from '@mantine/core'
import type { NetworkSummary } from '@/lib/api/types'
import { formatCount, formatShape } from '@/lib/format'

type Layer = NetworkSummary['layers'][number]

/** Every layer with its widths, counts and shares. */
export function LayerTable({ summary }: { summary: NetworkSummary }) {
  const coupled = new Set(summary.groups.filter((group) => group.layers.length > 1).map((group) => group.name))
  return (
    <Table.ScrollContainer minWidth={720}>
      <Table data-testid="layers" className="numbers">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Layer</Table.Th>
            <Table.Th>Type</Table.Th>
            <Table.Th ta="right">Width in</Table.Th>
            <Table.Th ta="right">Width out</Table.Th>
            <Table.Th ta="right">Parameters</Table.Th>
            <Table.Th ta="right">MACs</Table.Th>
            <Table.Th>Coupled with</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {summary.layers.map((layer) => (
            <LayerRow key={layer.name} layer={layer} isCoupled={layer.group != null && coupled.has(layer.group)} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

function LayerRow({ layer, isCoupled }: { layer: Layer; isCoupled: boolean }) {
  return (
    <Table.Tr data-testid="layer-row">
      <Table.Td className="mono">{layer.name}</Table.Td>
      <Table.Td>
        {layer.type} {layer.kernel && layer.kernel.length > 0 && formatShape(layer.kernel)}
      </Table.Td>
      <Table.Td ta="right">{formatCount(layer.in_width)}</Table.Td>
      <Table.Td ta="right">{formatCount(layer.width)}</Table.Td>
      <Table.Td ta="right">{formatCount(layer.parameters)}</Table.Td>
      <Table.Td ta="right">{formatCount(layer.macs)}</Table.Td>
      <Table.Td>
        <Coupling group={layer.group ?? null} isCoupled={isCoupled} />
      </Table.Td>
    </Table.Tr>
  )
}

function Coupling({ group, isCoupled }: { group: string | null; isCoupled: boolean }) {
  if (group === null) return <Badge variant="default" tt="none">not prunable</Badge>
  return isCoupled ? <span className="mono">{group}</span> : <Text c="dimmed">–</Text>
}
