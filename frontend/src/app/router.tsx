import { createBrowserRouter, Navigate } from 'react-router'
import { ComparisonPage } from '@/features/comparison/ComparisonPage'
import { DatasetPage } from '@/features/datasets/DatasetPage'
import { DatasetsPage } from '@/features/datasets/DatasetsPage'
import { ModelPage } from '@/features/models/ModelPage'
import { PointPage } from '@/features/points/PointPage'
import { RunPage } from '@/features/runs/RunPage'
import { RunsPage } from '@/features/runs/RunsPage'
import { NewRunPage } from '@/features/recipes/NewRunPage'
import { LoginPage } from '@/features/session/LoginPage'
import { SettingsPage } from '@/features/settings/SettingsPage'
import { paths } from '@/lib/paths'
import { HomeRoute } from './HomeRoute'
import { CrashPage, LostPage } from './LostPage'
import { SessionGate } from './SessionGate'
import { Shell } from './Shell'

export const router = createBrowserRouter([
  { path: '/login', element: <LoginPage home={paths.models} />, errorElement: <CrashPage /> },
  {
    element: (
      <SessionGate>
        <Shell />
      </SessionGate>
    ),
    errorElement: <CrashPage />,
    children: [
      { index: true, element: <Navigate to={paths.models} replace /> },
      { path: 'models', element: <HomeRoute /> },
      { path: 'models/:id', element: <ModelPage /> },
      { path: 'datasets', element: <DatasetsPage /> },
      { path: 'datasets/:id', element: <DatasetPage /> },
      { path: 'runs', element: <RunsPage /> },
      { path: 'runs/new', element: <NewRunPage /> },
      { path: 'runs/:id', element: <RunPage /> },
      { path: 'runs/:id/points/:index', element: <PointPage /> },
      { path: 'comparison', element: <ComparisonPage /> },
      { path: 'settings', element: <SettingsPage /> },
      { path: '*', element: <LostPage /> },
    ],
  },
])
