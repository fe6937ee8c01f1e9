import { Group, SegmentedControl } from '@mantine/core'
import { AXES, SPLITS, type View } from './useView'

interface Props {
  view: View
  onChange: (key: keyof View, value: string) => void
}

export function ViewControls({ view, onChange }: Props) {
  return (
    <Group gap="xs">
      <SegmentedControl size="xs" aria-label="Accuracy on" data={SPLITS} value={view.split} onChange={(next) => onChange('split', next)} />
      <SegmentedControl size="xs" aria-label="Size measured in" data={AXES} value={view.x} onChange={(next) => onChange('x', next)} />
    </Group>
  )
}
