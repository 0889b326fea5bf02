namespace Orrery.Testing;

/// <summary>
/// Folders in memory, where the machine has such a file system with room. What starts there and is killed there is as on a disk, but that no disk holds it up: each process of an installation waits
/// some fifty times for its own before it is ready, and a disk that is busy with others takes a second each time.
/// </summary>
public static class MemoryDirectory
{
    private const string Memory = "/dev/shm";
    private const long Room = 2L * 1024 * 1024 * 1024;

    /// <summary>A folder that was made for this call; on a disk where there is no other place.</summary>
    public static string Create(string prefix)
    {
        string folder = Path.Combine(HasRoom() ? Memory : Path.GetTempPath(), prefix + Path.GetRandomFileName());
        return (OperatingSystem.IsWindows() ? Directory.CreateDirectory(folder) : Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute)).FullName;
    }

    private static bool HasRoom()
    {
        try
        {
            return Directory.Exists(Memory) && new DriveInfo(Memory).AvailableFreeSpace > Room;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
