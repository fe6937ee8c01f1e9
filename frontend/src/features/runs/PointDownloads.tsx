import { ActionIcon, Button, Group, Menu, Text } from '@mantine/core'
import { IconChevronDown, IconDownload } from '@tabler/icons-react'
import type { PointEntry } from '@/lib/api/types'
import { formatBytes } from '@/lib/format'
import { files } from '@/lib/paths'

/** One zip with everything, and a menu with each file alone. */
export function PointDownloads({ run, entry }: { run: string; entry: PointEntry }) {
  const { index } = entry.point
  return (
    <Group gap={4} wrap="nowrap" justify="flex-end">
      <Button
        component="a"
        href={files.bundle(run, index)}
        download
        size="xs"
        variant="default"
        leftSection={<IconDownload size={14} />}
        aria-label={`Download point ${index} as zip`}
      >
        Zip
      </Button>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="default" size={30} aria-label={`Files of point ${index}`}>
            <IconChevronDown size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {entry.files.map((file) => (
            <Menu.Item
              key={file.name}
              component="a"
              href={files.pointFile(run, index, file.name)}
              download
              rightSection={
                <Text size="xs" c="dimmed">
                  {formatBytes(file.size)}
                </Text>
              }
            >
              {file.name}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </Group>
  )
}
