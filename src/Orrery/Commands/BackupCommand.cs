using System.CommandLine;
using Orrery.Installation;
using Orrery.Storage;
using Orrery.Storage.Backup;
using Orrery.Storage.Etcd;
using Orrery.Storage.Sqlite;

namespace Orrery.Commands;

/// <summary><c>orrery backup</c>: everything that a control plane keeps, as of one moment, while it runs.</summary>
internal static class BackupCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "Where to write it, readable by the owner alone; must not exist yet." };
        Option<string> dataDir = Options.DataDir();
        var withKeys = new Option<bool>("--with-keys") { Description = "Put the keys of the installation in, too: the file is then as secret as they are." };
        var command = new Command("backup", "Write all objects of a control plane to a file, as of one moment. It may go on running.") { file, dataDir, withKeys };
        var store = new StoreOptions();
        store.AddTo(command);
        command.SetAction((parse, cancellationToken) => RunAsync(
            Path.GetFullPath(parse.GetValue(file)!), new DataDirectory(parse.GetValue(dataDir)!), store.Read(parse), parse.GetValue(withKeys), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string file, DataDirectory directory, EtcdOptions? etcd, bool withKeys, CancellationToken cancellationToken)
    {
        if (File.Exists(file))
        {
            throw new CommandFailedException($"{file} exists already; nothing was written");
        }

        if (Path.GetDirectoryName(file) is { } folder && !Directory.Exists(folder))
        {
            throw new CommandFailedException($"there is no folder {folder}; nothing was written");
        }

        string? keys = withKeys ? KeyBundle.Read(directory, TimeProvider.System).ToPem() : null;
        long revision = 0, objects = 0;
        try
        {
            await PrivateFile.WriteAsync(file, async output =>
            {
                // 1. One state of the store, by its file or from the etcd.
                using SqliteSnapshot? local = etcd is null ? SqliteBackup.Open(directory.StoreFile) : null;
                await using IStore? remote = etcd is null ? null : await EtcdBackup.OpenAsync(etcd, cancellationToken).ConfigureAwait(false);
                revision = local?.Revision ?? await remote!.ReadRevisionAsync(cancellationToken).ConfigureAwait(false);

                // 2. Into the file, which has no name until it is whole and on disk.
                var header = new BackupHeader(revision, TimeProvider.System.GetUtcNow(), keys);
                objects = await BackupWriter.WriteAsync(
                    output, header, local?.ItemsAsync(cancellationToken) ?? EtcdBackup.ItemsAsync(remote!, revision, cancellationToken), cancellationToken).ConfigureAwait(false);
            }).ConfigureAwait(false);
        }
        catch (Exception error) when (error is StoreException or IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(error.Message, error);
        }

        Console.WriteLine($"{objects} objects as of revision {revision} in {file}");
        if (keys is not null)
        {
            await Console.Error.WriteLineAsync("It holds the keys of this installation: whoever reads it is its administrator.").ConfigureAwait(false);
        }

        return 0;
    }
}
