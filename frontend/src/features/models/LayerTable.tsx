import { Badge, Progress, Table, Text } from '@mantine/core'
import type { Model, NetworkSummary } from '@/lib/api/types'
import { formatCount, formatPercent, formatShape } from '@/lib/format'

type Layer = NetworkSummary['layers'][number]
type Share = Model['shares'][number]

/** Every layer with its widths, its counts, and what they make of the whole. */
export function LayerTable({ summary, shares }: { summary: NetworkSummary; shares: Share[] }) {
  const coupled = new Set(summary.groups.filter((group) => group.layers.length > 1).map((group) => group.name))
  return (
    <Table.ScrollContainer minWidth={820}>
      <Table data-testid="layers" className="numbers">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Layer</Table.Th>
            <Table.Th>Type</Table.Th>
            <Table.Th ta="right">Width in</Table.Th>
            <Table.Th ta="right">Width out</Table.Th>
            <Table.Th ta="right">Parameters</Table.Th>
            <Table.Th>Share</Table.Th>
            <Table.Th ta="right">MACs</Table.Th>
            <Table.Th>Share</Table.Th>
            <Table.Th>Pruned together with</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {summary.layers.map((layer, index) => (
            <LayerRow key={layer.name} layer={layer} share={shares[index]} coupled={coupled} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  )
}

function LayerRow({ layer, share, coupled }: { layer: Layer; share: Share | undefined; coupled: Set<string> }) {
  return (
    <Table.Tr data-testid="layer-row">
      <Table.Td className="mono">{layer.name}</Table.Td>
      <Table.Td style={{ whiteSpace: 'nowrap' }}>
        {layer.type} {layer.kernel && layer.kernel.length > 0 && formatShape(layer.kernel)}
      </Table.Td>
      <Table.Td ta="right">{formatCount(layer.in_width)}</Table.Td>
      <Table.Td ta="right">{formatCount(layer.width)}</Table.Td>
      <Table.Td ta="right">{formatCount(layer.parameters)}</Table.Td>
      <ShareCell share={share?.parameters} label={`Share of the parameters of ${layer.name}`} />
      <Table.Td ta="right">{formatCount(layer.macs)}</Table.Td>
      <ShareCell share={share?.macs} label={`Share of the MACs of ${layer.name}`} />
      <Table.Td>
        <Coupling layer={layer} coupled={coupled} />
      </Table.Td>
    </Table.Tr>
  )
}

function ShareCell({ share, label }: { share: number | undefined; label: string }) {
  return (
    <Table.Td miw={90}>
      <Text size="xs">{formatPercent(share)}</Text>
      <Progress value={(share ?? 0) * 100} size={4} aria-label={label} />
    </Table.Td>
  )
}

function Coupling({ layer, coupled }: { layer: Layer; coupled: Set<string> }) {
  if (layer.group == null) return <Badge variant="default" tt="none">not prunable</Badge>
  if (!coupled.has(layer.group)) return <Text c="dimmed">–</Text>
  return <span className="mono">{layer.group}</span>
}
