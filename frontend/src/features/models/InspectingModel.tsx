import { Group, Loader, Text } from '@mantine/core'
import { Panel } from '@/components/Panel'

export function InspectingModel() {
  return (
    <Panel title="Reading the file">
      <Group gap="sm" role="status">
        <Loader size="sm" />
        <Text size="sm" c="dimmed">
          The file is being read in a locked-down process, and its architecture looked up by names and shapes. This page
          goes on by itself.
        </Text>
      </Group>
    </Panel>
  )
}
