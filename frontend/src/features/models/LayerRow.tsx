import { Box, Table, Text } from '@mantine/core'
import { LayerName } from '@/components/LayerName'
import type { LayerVerdict, Model, NetworkSummary } from '@/lib/api/types'
import { formatCount, formatPercent, formatShape } from '@/lib/format'
import { LayerStatus } from './LayerStatus'
import classes from './LayerTable.module.css'
import { PinButton } from './PinButton'
import type { LayerView } from './useLayerView'

type Layer = NetworkSummary['layers'][number]

interface Props {
  layer: Layer
  verdict: LayerVerdict
  share: Model['shares'][number]
  /** The largest share of the MACs that any layer has: the bars are drawn to it. */
  largest: number
  view: LayerView
}

export function LayerRow({ layer, verdict, share, largest, view }: Props) {
  const going = `${formatCount(verdict.removable_channels)} of ${formatCount(layer.width)}`
  return (
    <Table.Tr data-testid="layer-row" data-status={verdict.status}>
      <Table.Td className={classes.name}>
        <LayerName name={layer.name} />
        <Text size="xs" c="dimmed">
          {layer.type} {layer.kernel && layer.kernel.length > 0 && formatShape(layer.kernel)}
          <Text span inherit hiddenFrom="md">
            {' '}
            · {formatCount(layer.in_width)} → {formatCount(layer.width)}
          </Text>
        </Text>
        <Box hiddenFrom="sm" mt={6}>
          <LayerStatus verdict={verdict} view={view} />
          <Text size="xs" c="dimmed" mt={4}>
            {going} channels can go
          </Text>
        </Box>
      </Table.Td>
      <Table.Td ta="right" visibleFrom="md">
        {formatCount(layer.in_width)} → {formatCount(layer.width)}
      </Table.Td>
      <Table.Td ta="right" visibleFrom="lg">
        {formatCount(layer.parameters)}
      </Table.Td>
      <Table.Td visibleFrom="sm" miw={130}>
        <MacBar name={layer.name} share={share.macs} going={verdict.removable_macs} largest={largest} />
      </Table.Td>
      <Table.Td ta="right" visibleFrom="sm">
        {verdict.removable_channels === 0 ? <Text c="dimmed">–</Text> : going}
      </Table.Td>
      <Table.Td visibleFrom="sm" className={classes.status}>
        <LayerStatus verdict={verdict} view={view} />
      </Table.Td>
      <Table.Td ta="right">
        <PinButton verdict={verdict} view={view} />
      </Table.Td>
    </Table.Tr>
  )
}

interface MacBarProps {
  name: string
  share: number
  going: number
  largest: number
}

/** A layer's share of the MACs, and in color the part of it that can go. */
function MacBar({ name, share, going, largest }: MacBarProps) {
  const title = `${formatPercent(share)} of the MACs, of which ${formatPercent(going)} can go`
  const width = (part: number) => ({ width: `${(part / largest) * 100}%` })
  return (
    <div title={title}>
      <Text size="xs">{formatPercent(share)}</Text>
      <div className={classes.track} role="img" aria-label={`${name}: ${title}`}>
        <div className={classes.whole} style={width(share)} />
        <div className={classes.going} style={width(going)} />
      </div>
    </div>
  )
}
