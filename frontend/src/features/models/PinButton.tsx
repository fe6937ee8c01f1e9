import { ActionIcon, Tooltip } from '@mantine/core'
import { IconLock, IconPin, IconPinFilled } from '@tabler/icons-react'
import type { LayerVerdict } from '@/lib/api/types'
import { pinsOn } from '@/lib/pins'
import type { LayerView } from './useLayerView'

/** Keeps a layer whole in the runs that start from here; a layer that an operation holds can only say so. */
export function PinButton({ verdict, view }: { verdict: LayerVerdict; view: LayerView }) {
  if (verdict.status === 'locked') {
    const reason = `It stays whole anyway, and cannot be unlocked: ${verdict.lock?.reason ?? ''}`
    return (
      <Tooltip label={reason} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
        <ActionIcon variant="transparent" color="gray" aria-disabled aria-label={`${verdict.layer} is locked`}>
          <IconLock size={16} />
        </ActionIcon>
      </Tooltip>
    )
  }
  const holding = pinsOn(verdict, view.pins)
  const isPinned = holding.length > 0
  const others = holding.filter((pin) => pin !== verdict.layer)
  const label = isPinned ? `Unpin ${verdict.layer}` : `Keep ${verdict.layer} whole`
  const help = others.length > 0 ? `Kept whole together with ${others.join(', ')}` : label
  return (
    <Tooltip label={help} multiline maw={320}>
      <ActionIcon
        variant={isPinned ? 'light' : 'subtle'}
        color={isPinned ? 'leaf' : 'gray'}
        onClick={() => view.toggle(verdict)}
        aria-label={label}
        aria-pressed={isPinned}
      >
        {isPinned ? <IconPinFilled size={16} /> : <IconPin size={16} />}
      </ActionIcon>
    </Tooltip>
  )
}
