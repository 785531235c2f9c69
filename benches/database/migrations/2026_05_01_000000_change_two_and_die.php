<?php

use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Schema;

return new class extends Migration
{
    // PostgreSQL would take it back by itself.
    public $withinTransaction = false;

    public function up(): void
    {
        Schema::table('t01', fn (Blueprint $table) => $table->string('lost')->default(''));
        DB::table('t01')->where('id', '<=', 1000)->update(['lost' => 'yes']);
        DB::table('t02')->where('id', '<=', 1000)->update(['title' => 'gone']);

        throw new RuntimeException('the migration dies half-way');
    }
};
