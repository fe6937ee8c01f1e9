import { Anchor, Text } from '@mantine/core'
import { files } from '@/lib/paths'

/** What a run that diverged leaves beside its operating points. */
export function LastCheckpoint({ run }: { run: string }) {
  return (
    <Text size="sm">
      <Anchor href={files.checkpoint(run)} download inherit>
        Download the last good checkpoint
      </Anchor>
      : the state after the last step that was finite, with the network under <code>weights/</code>, as safetensors.
    </Text>
  )
}
