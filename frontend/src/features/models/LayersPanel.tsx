import { Button, Group, Pill, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { IconScissors, IconSearch } from '@tabler/icons-react'
import { Link } from 'react-router'
import { Panel } from '@/components/Panel'
import type { ImportReport, Model, NetworkSummary } from '@/lib/api/types'
import { knownPins } from '@/lib/pins'
import { paths } from '@/lib/paths'
import { LayerTable } from './LayerTable'
import { SHOWN, type LayerView } from './useLayerView'

interface Props {
  model: Model
  summary: NetworkSummary
  report: ImportReport
  view: LayerView
}

/** The layers: found by words or status, and pinned where they shall stay whole. */
export function LayersPanel({ model, summary, report, view }: Props) {
  const help = 'In color: what can go. Pin what shall stay whole; the pins go into the run that you start from here.'
  return (
    <Panel title="Layers" help={help}>
      <Stack gap="sm">
        <Group gap="sm">
          <TextInput
            value={view.words}
            onChange={(event) => view.setWords(event.currentTarget.value)}
            placeholder="Find a layer, an operation, a reason"
            aria-label="Find layers"
            leftSection={<IconSearch size={16} />}
            flex="1 1 220px"
          />
          <SegmentedControl
            aria-label="Layers to show"
            data={SHOWN.map((name) => ({ value: name, label: name }))}
            value={view.shown}
            onChange={view.setShown}
            size="xs"
            style={{ textTransform: 'capitalize' }}
          />
        </Group>
        {view.group && (
          <Group gap="xs">
            <Text size="sm" c="dimmed">
              Going together:
            </Text>
            <Pill withRemoveButton onRemove={() => view.setGroup(null)} removeButtonProps={{ 'aria-label': 'Show all layers' }}>
              {view.group}
            </Pill>
          </Group>
        )}
        <PinBar model={model} pins={knownPins(report, view.pins)} onClear={view.clearPins} />
        <LayerTable summary={summary} report={report} shares={model.shares} view={view} />
      </Stack>
    </Panel>
  )
}

function PinBar({ model, pins, onClear }: { model: Model; pins: string[]; onClear: () => void }) {
  if (pins.length === 0) return null
  return (
    <Group justify="space-between" gap="sm" data-testid="pin-bar">
      <Text size="sm">
        {pins.length === 1 ? '1 pin' : `${pins.length} pins`}: <span className="mono">{pins.slice(0, 3).join(', ')}</span>
        {pins.length > 3 && ' …'}
      </Text>
      <Group gap="xs">
        <Button size="compact-sm" variant="subtle" color="gray" onClick={onClear}>
          Remove all pins
        </Button>
        <Button
          size="compact-sm"
          component={Link}
          to={paths.newRun({ model: model.id, pins })}
          leftSection={<IconScissors size={14} />}
        >
          Prune with these pins
        </Button>
      </Group>
    </Group>
  )
}
