import { Anchor, Button, Checkbox, Group, Stack, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useState } from 'react'
import { Panel } from '@/components/Panel'
import type { PointEntry } from '@/lib/api/types'
import { formatBytes } from '@/lib/format'
import { files } from '@/lib/paths'
import { useModel } from '@/lib/queries/useModel'
import type { Format } from '@/lib/queries/useOrderFormat'
import { useRun } from '@/lib/queries/useRun'
import { FormatCard } from './FormatCard'

/** The network in every format, alone or as one zip. */
export function FormatsPanel({ run, entry }: { run: string; entry: PointEntry }) {
  const { index } = entry.point
  const model = useModel(useRun(run).data?.model_id)
  return (
    <Panel title="Download" help="Every file loads where Secateur is not installed." testId="formats">
      <Stack gap="md">
        {entry.formats.map((format) => (
          <FormatCard
            key={format.format}
            run={run}
            index={index}
            entry={format}
            signature={model.data?.summary ?? undefined}
          />
        ))}
      </Stack>
      <ZipChoice run={run} entry={entry} />
      <Text size="sm" c="dimmed" mt="md">
        Single files:{' '}
        {entry.files.map((file, position) => (
          <span key={file.name}>
            {position > 0 && ' · '}
            <Anchor href={files.pointFile(run, index, file.name)} download inherit>
              {file.name}
            </Anchor>{' '}
            {formatBytes(file.size)}
          </span>
        ))}
      </Text>
    </Panel>
  )
}

function ZipChoice({ run, entry }: { run: string; entry: PointEntry }) {
  const ready = entry.formats.filter(({ standing }) => standing === 'ready').map(({ format }) => format)
  const [left, setLeft] = useState<Format[]>([])
  const chosen = ready.filter((format) => !left.includes(format))
  if (ready.length < 2) return null
  const toggle = (format: Format) =>
    setLeft(left.includes(format) ? left.filter((other) => other !== format) : [...left, format])
  return (
    <Group mt="md" gap="md" data-testid="zip-choice">
      <Text size="sm" fw={500}>
        One zip with
      </Text>
      {ready.map((format) => (
        <Checkbox
          key={format}
          size="sm"
          label={`.${format}`}
          checked={!left.includes(format)}
          onChange={() => toggle(format)}
        />
      ))}
      {chosen.length > 0 && (
        <Button
          component="a"
          href={files.bundle(run, entry.point.index, chosen)}
          download
          size="xs"
          variant="default"
          leftSection={<IconDownload size={14} />}
        >
          Zip
        </Button>
      )}
    </Group>
  )
}
