namespace Orrery.Server.Handlers;

/// <summary>Memory that requests may take together, and go without once it is all taken. Safe for use by many threads.</summary>
/// <param name="most">In bytes.</param>
internal sealed class ByteBudget(long most)
{
    private long taken;

    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref taken, bytes) <= most)
        {
            return true;
        }

        Return(bytes);
        return false;
    }

    public void Return(int bytes) => Interlocked.Add(ref taken, -bytes);
}
