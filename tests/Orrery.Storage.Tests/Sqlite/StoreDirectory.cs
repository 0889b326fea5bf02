namespace Orrery.Storage.Tests.Sqlite;

/// <summary>A directory of a test's own.</summary>
internal sealed class StoreDirectory : IDisposable
{
    public string DirectoryPath { get; } = Directory.CreateTempSubdirectory("orrery-store-").FullName;

    public string StorePath => Path.Combine(DirectoryPath, "store.db");

    public void Dispose() => Directory.Delete(DirectoryPath, recursive: true);
}
