import { Button, Text } from '@mantine/core'
import { IconScissors } from '@tabler/icons-react'
import { Link } from 'react-router'
import type { Model } from '@/lib/api/types'
import { paths } from '@/lib/paths'

/** Where no channel can go, single weights still may; this preset takes them. */
const SINGLE_WEIGHTS = 'han2015-magnitude'

/** The way to a run of this model: by channels, by single weights where only those can go, or none. */
export function PruneButton({ model, pins }: { model: Model; pins: string[] }) {
  const { report } = model
  const takesChannels = !report || report.removable_channels > 0
  if (!takesChannels && !report.removable_weights) {
    return (
      <Text c="dimmed" size="sm" data-testid="nothing-to-prune">
        Nothing here can be pruned: every layer is locked.
      </Text>
    )
  }
  const start = { model: model.id, pins, ...(!takesChannels && { preset: SINGLE_WEIGHTS }) }
  return (
    <Button component={Link} to={paths.newRun(start)} leftSection={<IconScissors size={16} />}>
      {takesChannels ? 'Prune this model' : 'Prune single weights'}
    </Button>
  )
}
