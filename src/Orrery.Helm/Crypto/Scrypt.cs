using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Orrery.Helm.Crypto;

/// <summary>The scrypt key derivation function (RFC 7914).</summary>
internal static class Scrypt
{
    public static byte[] Key(byte[] password, byte[] salt, int cost, int blockSize, int parallel, int length)
    {
        Templates.RenderBudget.Costly();
        int size = 128 * blockSize;
        byte[] blocks = Rfc2898DeriveBytes.Pbkdf2(password, salt, 1, HashAlgorithmName.SHA256, parallel * size);
        for (int i = 0; i < parallel; i++)
        {
            Mix(blocks.AsSpan(i * size, size), cost, blockSize);
        }

        return Rfc2898DeriveBytes.Pbkdf2(password, blocks, 1, HashAlgorithmName.SHA256, length);
    }

    private static void Mix(Span<byte> block, int cost, int r)
    {
        int words = 32 * r;
        var x = new uint[words];
        for (int i = 0; i < words; i++)
        {
            x[i] = BinaryPrimitives.ReadUInt32LittleEndian(block[(4 * i)..]);
        }

        var memory = new uint[cost * words];
        var scratch = new uint[words];
        for (int i = 0; i < cost; i++)
        {
            x.CopyTo(memory.AsSpan(i * words));
            Blocks(x, scratch, r);
        }

        for (int i = 0; i < cost; i++)
        {
            int j = (int)(x[words - 16] & (uint)(cost - 1));
            for (int k = 0; k < words; k++)
            {
                x[k] ^= memory[(j * words) + k];
            }

            Blocks(x, scratch, r);
        }

        for (int i = 0; i < words; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(block[(4 * i)..], x[i]);
        }
    }

    private static void Blocks(uint[] b, uint[] y, int r)
    {
        Span<uint> x = stackalloc uint[16];
        b.AsSpan(((2 * r) - 1) * 16, 16).CopyTo(x);
        for (int i = 0; i < 2 * r; i++)
        {
            for (int k = 0; k < 16; k++)
            {
                x[k] ^= b[(i * 16) + k];
            }

            Salsa8(x);
            x.CopyTo(y.AsSpan(((i / 2) + (i % 2 * r)) * 16));
        }

        y.CopyTo(b, 0);
    }

    private static void Salsa8(Span<uint> block)
    {
        Span<uint> x = stackalloc uint[16];
        block.CopyTo(x);
        for (int round = 0; round < 4; round++)
        {
            Quarter(x, 0, 4, 8, 12);
            Quarter(x, 5, 9, 13, 1);
            Quarter(x, 10, 14, 2, 6);
            Quarter(x, 15, 3, 7, 11);
            Quarter(x, 0, 1, 2, 3);
            Quarter(x, 5, 6, 7, 4);
            Quarter(x, 10, 11, 8, 9);
            Quarter(x, 15, 12, 13, 14);
        }

        for (int i = 0; i < 16; i++)
        {
            block[i] = unchecked(block[i] + x[i]);
        }
    }

    private static void Quarter(Span<uint> x, int a, int b, int c, int d)
    {
        unchecked
        {
            x[b] ^= BitOperations.RotateLeft(x[a] + x[d], 7);
            x[c] ^= BitOperations.RotateLeft(x[b] + x[a], 9);
            x[d] ^= BitOperations.RotateLeft(x[c] + x[b], 13);
            x[a] ^= BitOperations.RotateLeft(x[d] + x[c], 18);
        }
    }
}
