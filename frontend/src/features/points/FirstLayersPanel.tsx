import { Stack, Text } from '@mantine/core'
import { FirstLayer } from '@/components/FirstLayer'
import { LayerName } from '@/components/LayerName'
import { Panel } from '@/components/Panel'
import type { FirstLayer as Entry } from '@/lib/api/types'
import { useFirstLayers } from '@/lib/queries/useFirstLayers'

/** What the network looks for in its input; nothing where no layer has a picture (tokens go into an embedding). */
export function FirstLayersPanel({ run, index }: { run: string; index: number }) {
  const { data = [] } = useFirstLayers({ run, index })
  if (data.length === 0) return null
  return (
    <Panel title={data.length > 1 ? 'First layers' : 'First layer'} help={helpOf(data)} testId="first-layers">
      <Stack gap="lg">
        {data.map((entry) => (
          <Stack key={entry.picture.layer} gap="xs">
            <Text size="sm" fw={500}>
              <LayerName name={entry.picture.layer} />
              {isAmbiguous(data) && ` reads ${entry.picture.inputs.join(' and ')}`}
            </Text>
            <FirstLayer entry={entry} name={`first-layer-${entry.picture.layer}`} />
          </Stack>
        ))}
      </Stack>
    </Panel>
  )
}

function helpOf(entries: Entry[]): string {
  return entries.some(({ picture }) => picture.kind === 'filters')
    ? 'The filters that look at the input itself.'
    : 'Where the network looks.'
}

/** The network has several inputs, so that it is worth saying which one is read. */
function isAmbiguous(entries: Entry[]): boolean {
  return new Set(entries.flatMap(({ picture }) => picture.inputs)).size > 1
}
