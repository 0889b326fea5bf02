using Orrery.Commands;

namespace Orrery.Installation;

/// <summary>Keeps two commands from changing one installation at once; the system frees it when its holder dies.</summary>
internal sealed class InstallationLock : IDisposable
{
    private readonly FileStream file;

    private InstallationLock(FileStream file) => this.file = file;

    /// <exception cref="CommandFailedException">Another command holds it.</exception>
    public static InstallationLock Take(DataDirectory directory)
    {
        try
        {
            return new InstallationLock(new FileStream(directory.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException error)
        {
            throw new CommandFailedException($"another command is changing the installation in {directory.Path}; wait for it to end", error);
        }
    }

    public void Dispose() => file.Dispose();
}
