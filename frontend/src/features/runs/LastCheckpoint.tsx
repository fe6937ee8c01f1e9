import { Anchor, Text } from '@mantine/core'
import type { Run } from '@/lib/api/types'
import { files } from '@/lib/paths'

/** What a run that diverged leaves beside its operating points; nothing where it diverged before a step was stored. */
export function LastCheckpoint({ run }: { run: Pick<Run, 'id' | 'error' | 'step'> }) {
  if (run.error?.code !== 'diverged' || run.step === 0) return null
  return (
    <Text size="sm">
      <Anchor href={files.checkpoint(run.id)} download inherit>
        Download the last good checkpoint
      </Anchor>
      : the state after the last step that was finite, with the network under <code>weights/</code>, as safetensors.
    </Text>
  )
}
