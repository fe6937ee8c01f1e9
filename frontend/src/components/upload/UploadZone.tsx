import { Group, Stack, Text } from '@mantine/core'
import { Dropzone, type FileRejection } from '@mantine/dropzone'
import { IconFileUpload, IconUpload, IconX } from '@tabler/icons-react'
import { useState, type ReactNode } from 'react'
import { ErrorNotice } from '@/components/ErrorNotice'
import { ApiError } from '@/lib/api/error'
import { uploads } from '@/lib/uploads/store'
import type { UploadKind } from '@/lib/uploads/tus'
import { UnfinishedUploads } from './UnfinishedUploads'
import { UploadList } from './UploadList'

interface Props {
  kind: UploadKind
  endings: readonly string[]
  title: string
  help: string
  /** More about the files, below the zone. */
  children?: ReactNode
  /** Registers the finished upload; resolves when the server has it. */
  onUploaded: (uploadId: string) => Promise<unknown>
}

/** A drop zone (and file picker) with the uploads that are under way or were left half done. */
export function UploadZone({ kind, endings, title, help, children, onUploaded }: Props) {
  const [refusal, setRefusal] = useState<ApiError | null>(null)
  const accept = (files: File[]) => {
    setRefusal(null)
    for (const file of files) void uploads.add(file, kind, onUploaded)
  }
  const check = (file: File) => {
    if (endings.some((ending) => file.name.toLowerCase().endsWith(ending))) return null
    return { code: 'ending', message: `${file.name} is not a ${endings.join(', ')} file.` }
  }
  const refuse = (rejections: FileRejection[]) => {
    const message = rejections[0]?.errors[0]?.message ?? 'This file cannot be uploaded.'
    setRefusal(new ApiError(0, 'wrong_file', message, null, `Choose a ${endings.join(', ')} file.`))
  }
  return (
    <Stack gap="sm" data-testid={`upload-${kind}`}>
      <Dropzone
        onDrop={accept}
        onReject={refuse}
        validator={check}
        aria-label={title}
        inputProps={{ 'aria-label': title }}
        radius="lg"
        py="xl"
      >
        <Group justify="center" gap="md" style={{ pointerEvents: 'none' }}>
          <Dropzone.Accept>
            <IconUpload size={28} stroke={1.5} />
          </Dropzone.Accept>
          <Dropzone.Reject>
            <IconX size={28} stroke={1.5} />
          </Dropzone.Reject>
          <Dropzone.Idle>
            <IconFileUpload size={28} stroke={1.5} />
          </Dropzone.Idle>
          <div>
            <Text fw={500}>{title}</Text>
            <Text size="sm" c="dimmed">
              {help}
            </Text>
          </div>
        </Group>
      </Dropzone>
      {children}
      {refusal && <ErrorNotice error={refusal} />}
      <UploadList kind={kind} />
      <UnfinishedUploads kind={kind} />
    </Stack>
  )
}
